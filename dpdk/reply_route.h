// The headers of a reply, packed so small that they travel with a query that has to wait.
//
// A query's buffer is freed before a backend is asked; what its reply needs of the headers fits
// into the words of a ReplyRoute. Threading: pure functions. No allocation. No DPDK type.
#pragma once

#include "dpdk/frame.h"
#include "proxy/pipeline.h"

namespace sealwire::dpdk {

// Packs what WriteUnfinishedHeader() made (`header` and its layout).
proxy::ReplyRoute PackRoute(dns::Bytes header, const ReplyLayout& layout) noexcept;

// Writes the header back into `out` (kMaxReplyHeader octets at least); lengths and checksums are
// zero again.
ReplyLayout UnpackRoute(const proxy::ReplyRoute& route, dns::MutableBytes out) noexcept;

}  // namespace sealwire::dpdk
