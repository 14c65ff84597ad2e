// Steering in the NIC: DNS over UDP to served addresses comes to us, all else stays with the
// kernel.
//
// Only drivers that share a NIC with the kernel's own driver can do so (mlx4, mlx5: "bifurcated").
// With any other NIC all frames come to us, and the exception path carries the rest.
// Threading: control thread, before the port starts (Isolate) and after (SteerToUs).
#pragma once

#include <cstdint>
#include <string>

#include "dns/result.h"
#include "dpdk/served_addresses.h"

namespace sealwire::dpdk {

// True when the driver leaves to the kernel what no rule of ours takes.
bool SharesNicWithKernel(const std::string& driver) noexcept;

// Makes the port receive nothing but what rules steer to it.
Status Isolate(std::uint16_t port);

// One rule for each served address, spreading clients over `queues` queues.
Status SteerToUs(std::uint16_t port, std::uint16_t queues, const ServedAddresses& served);

}  // namespace sealwire::dpdk
