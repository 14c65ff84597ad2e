// Sockets that take what the kernel would otherwise refuse.
//
// AF_PACKET shows us copies: the kernel has every query too, and would answer it with "port
// unreachable" while we answer it with DNS. A bound socket whose filter drops everything keeps the
// kernel silent. Threading: control thread. Errors: which address could not be bound. No DPDK type.
#pragma once

#include <vector>

#include "dns/result.h"
#include "dpdk/served_addresses.h"
#include "net/file_descriptor.h"

namespace sealwire::dpdk {

Result<std::vector<net::FileDescriptor>> OpenMuteSockets(const ServedAddresses& served);

}  // namespace sealwire::dpdk
