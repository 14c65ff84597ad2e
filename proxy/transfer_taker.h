// Takes connections on which a zone transfer was asked for (proxy/transfer_desk.h).
#pragma once

#include "dns/bytes.h"
#include "net/address.h"
#include "net/file_descriptor.h"

namespace sealwire::proxy {

class TransferTaker {
 public:
  virtual ~TransferTaker() = default;
  // `received` is what came and was not answered: length, query, and perhaps more.
  virtual void Take(net::FileDescriptor socket, const net::Endpoint& client,
                    dns::Bytes received) noexcept = 0;
};

}  // namespace sealwire::proxy
