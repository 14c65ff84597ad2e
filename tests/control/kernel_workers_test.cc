#include "control/kernel_workers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "signer/openssl_signer.h"

namespace sealwire::control {
namespace {

std::unique_ptr<signer::DigestSigner> MakeSigner() {
  return std::make_unique<signer::OpensslSigner>();
}

TEST(KernelWorkers, AllListenAtTheSameEndpointAndServeWhatIsPublished) {
  proxy::KernelWorkerOptions options;
  options.listen = {{{*net::IpAddress::FromText("127.0.0.1"), 0}, true, true}};
  auto workers = KernelWorkers::Create(options, MakeSigner, 2);
  ASSERT_TRUE(workers.ok()) << workers.error();
  ASSERT_EQ((*workers)->all().size(), 2u);
  EXPECT_EQ((*workers)->all()[0]->listening()[0].endpoint,
            (*workers)->all()[1]->listening()[0].endpoint);
  const auto number = (*workers)->Publish(std::make_shared<const proxy::ZoneTable>());
  (*workers)->Start();
  for (int i = 0; i < 500 && (*workers)->Served() < number; ++i) ::usleep(10000);
  EXPECT_EQ((*workers)->Served(), number);
  (*workers)->Drain();
}

TEST(KernelWorkers, SecondDaemonDoesNotShareThePortSilently) {
  proxy::KernelWorkerOptions options;
  options.listen = {{{*net::IpAddress::FromText("127.0.0.1"), 0}, true, true}};
  auto first = KernelWorkers::Create(options, MakeSigner, 1);
  ASSERT_TRUE(first.ok()) << first.error();
  options.listen = (*first)->all()[0]->listening();
  const auto second = KernelWorkers::Create(options, MakeSigner, 1);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error(), testing::HasSubstr((*first)->Listening()[0]));
}

}  // namespace
}  // namespace sealwire::control
