#include "signer/sha256.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "tests/signer/text_vectors.h"

namespace sealwire::signer {
namespace {

dns::Bytes AsBytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

// NIST, "Examples with Intermediate Values", SHA-256.
TEST(Sha256, Fips180_4ExamplesOfOneAndTwoBlocks) {
  EXPECT_EQ(Sha256::Hash(AsBytes("abc")),
            FromHex<32>("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  EXPECT_EQ(Sha256::Hash(AsBytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            FromHex<32>("248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"));
}

TEST(Sha256, EmptyInput) {
  EXPECT_EQ(Sha256::Hash({}),
            FromHex<32>("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

TEST(Sha256, PiecesGiveTheDigestOfTheWhole) {
  std::vector<std::uint8_t> data(300);
  for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::uint8_t>(i * 7);
  for (std::size_t cut = 0; cut <= data.size(); ++cut) {
    Sha256 state;
    state.Update(dns::Bytes(data).first(cut));
    state.Update(dns::Bytes(data).subspan(cut));
    ASSERT_EQ(state.Finish(), Sha256::Hash(data)) << "cut at " << cut;
  }
}

TEST(Sha256, CopiedPrefixStatesGoOnIndependently) {
  Sha256 prefix;
  prefix.Update(AsBytes("ab"));
  Sha256 first = prefix;
  Sha256 second = prefix;
  first.Update(AsBytes("c"));
  second.Update(AsBytes("d"));
  EXPECT_EQ(first.Finish(), Sha256::Hash(AsBytes("abc")));
  EXPECT_EQ(second.Finish(), Sha256::Hash(AsBytes("abd")));
}

}  // namespace
}  // namespace sealwire::signer
