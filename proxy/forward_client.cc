#include "proxy/forward_client.h"

#include "proxy/forward_attempts.h"

namespace sealwire::proxy {

ForwardClient::ForwardClient(net::EventLoop& loop, const ForwardOptions& options,
                             ForwardReplies& replies)
    : impl_(std::make_unique<Impl>(loop, options, replies)) {}
ForwardClient::~ForwardClient() = default;
bool ForwardClient::Ask(const ForwardSet& backends, const BackendQuestion& question,
                        Ticket ticket) noexcept {
  return impl_->Ask(backends, question, ticket);
}
std::size_t ForwardClient::outstanding() const noexcept {
  return impl_->outstanding();
}
const LatencyHistogram& ForwardClient::latency() const noexcept {
  return impl_->latency();
}
std::vector<BackendStatus> ForwardClient::Backends() const {
  return impl_->Backends();
}

}  // namespace sealwire::proxy
