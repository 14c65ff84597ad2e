// Rule 7: the packet path does not allocate. Every operator new of this thread is counted while a
// query is handled.
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "tests/proxy/pipeline_fixture.h"

namespace {

thread_local bool counting = false;
thread_local std::size_t allocations = 0;

void* AllocateOrNull(std::size_t size, std::size_t alignment) noexcept {
  if (counting) ++allocations;
  return alignment <= alignof(std::max_align_t)
             ? std::malloc(size)
             : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

void* Allocate(std::size_t size, std::size_t alignment) {
  void* memory = AllocateOrNull(size, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

// Not inlined: the compiler would see new given back by free(), and warn.
void* operator new(std::size_t size) {
  return Allocate(size, 1);
}
void* operator new[](std::size_t size) {
  return Allocate(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return Allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return AllocateOrNull(size, 1);
}
void* operator new(std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return AllocateOrNull(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return AllocateOrNull(size, 1);
}
void* operator new[](std::size_t size, std::align_val_t alignment, const std::nothrow_t&) noexcept {
  return AllocateOrNull(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t,
                                       const std::nothrow_t&) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, const std::nothrow_t&) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t,
                                         const std::nothrow_t&) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace sealwire::proxy::testing {
namespace {

using dns::RRType;

class Allocations : public PipelineFixture {
 protected:
  Allocations() {
    Serve(LocalZoneOf("shop.net.",
                      "$TTL 300\n@ IN SOA ns h 1 2 3 4 60\n@ IN NS ns\n"
                      "www IN A 192.0.2.1\nalias IN CNAME www\n"
                      "sub IN NS ns.sub\nns.sub IN A 192.0.2.2\n"));
    Serve(ForwardZoneOf("cdn.example."));
    out_.resize(65535);
  }

  // Allocations while `query` is handled; an answer is expected.
  std::size_t Of(const Ask& ask) {
    const Packet query = ask.Bytes();
    allocations = 0;
    counting = true;
    const Outcome outcome = pipeline_.Handle(query, Asker(), out_);
    counting = false;
    EXPECT_EQ(outcome.verdict, Verdict::kAnswer);
    return allocations;
  }

  Packet out_;
};

TEST_F(Allocations, AreCounted) {
  counting = true;
  allocations = 0;
  const auto one = std::make_unique<int>(1);
  counting = false;
  EXPECT_EQ(allocations, 1u);
}

TEST_F(Allocations, NoneForAFreshlySignedAnswer) {
  EXPECT_EQ(Of(Ask("www.shop.net.", RRType::kA).Dnssec()), 0u);
  EXPECT_EQ(Of(Ask("alias.shop.net.", RRType::kA).Dnssec()), 0u);
  EXPECT_EQ(Counted(Count::kCacheHits), 0u);
  EXPECT_EQ(Counted(Count::kAnswersSigned), 2u);
}

TEST_F(Allocations, NoneForAFreshlySignedDenial) {
  EXPECT_EQ(Of(Ask("a.shop.net.", RRType::kA).Dnssec()), 0u);
  EXPECT_EQ(Of(Ask("b.shop.net.", RRType::kA).Dnssec()), 0u);
  EXPECT_EQ(Of(Ask("www.shop.net.", RRType::kMX).Dnssec()), 0u);
  EXPECT_EQ(Of(Ask("x.sub.shop.net.", RRType::kA).Dnssec()), 0u);
}

TEST_F(Allocations, NoneForTheCache) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Of(Ask("www.shop.net.", RRType::kA).Dnssec()), 0u);
  EXPECT_EQ(Counted(Count::kCacheHits), 2u);
}

TEST_F(Allocations, NoneForRefusals) {
  EXPECT_EQ(Of(Ask("www.elsewhere.org.", RRType::kA).Edns()), 0u);
  EXPECT_EQ(Of(Ask("www.shop.net.", RRType::kA).Version(3)), 0u);
  EXPECT_EQ(Of(Ask("www.shop.net.", RRType::kAXFR)), 0u);
}

// What waits and what comes back, but for what the test's own backend does.
class SilentBackend final : public BackendAsker {
 public:
  bool Ask(const ForwardSet&, const BackendQuestion&, Ticket given) noexcept override {
    ticket = given;
    return true;
  }
  Ticket ticket = 0;
};
class SilentSink final : public AnswerSink {
 public:
  void Deliver(const ReplyRoute&, dns::Bytes answer) noexcept override { size = answer.size(); }
  std::size_t size = 0;
};

TEST_F(Allocations, NoneForWaitingAndForTheBackendsReply) {
  SilentBackend backend;
  SilentSink sink;
  Pipeline pipeline(SmallPipeline(), signer_, &backend, &sink);
  pipeline.UseZones(zones_);
  pipeline.SetTime(std::uint64_t{kNow} * 1000);
  const Packet query = Ask("www.cdn.example.", RRType::kA).Dnssec().Bytes();
  const Packet reply = BackendSays()
                           .Answer("www.cdn.example. 30 IN CNAME edge.cdn.example.")
                           .Answer("edge.cdn.example. 30 IN A 192.0.2.1")
                           .To(N("www.cdn.example."), RRType::kA);
  allocations = 0;
  counting = true;
  const bool deferred = pipeline.Defer(query, Asker(), ReplyRoute());
  pipeline.OnBackendReply(backend.ticket, reply);
  counting = false;
  EXPECT_TRUE(deferred);
  EXPECT_GT(sink.size, 100u);
  EXPECT_EQ(allocations, 0u);
}

}  // namespace
}  // namespace sealwire::proxy::testing
