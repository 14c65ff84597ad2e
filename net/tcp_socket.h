// Non-blocking TCP sockets for serving and for asking.
//
// Threading: pure functions. Errors: a Result that names the endpoint and the remedy.
#pragma once

#include "dns/result.h"
#include "net/address.h"
#include "net/file_descriptor.h"

namespace sealwire::net {

// Listens. `shared` lets several sockets listen on one endpoint, between which the kernel spreads
// clients (SO_REUSEPORT).
Result<FileDescriptor> ListenTcp(const Endpoint& endpoint, bool shared);

// Takes one connection; not open when none waits, or on an error that `error_number` tells.
FileDescriptor AcceptTcp(int listener, Endpoint& peer, int& error_number) noexcept;

// Starts to connect: the socket becomes writable when that is done, well or badly.
Result<FileDescriptor> ConnectTcp(const Endpoint& endpoint);
// How it went, once the socket is writable: 0, or an errno.
int ConnectOutcome(int fd) noexcept;

}  // namespace sealwire::net
