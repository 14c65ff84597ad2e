// Non-blocking UDP in batches: recvmmsg into an inbox, sendmmsg out of an outbox, both allocated
// once.
//
// Threading: an inbox, an outbox and the socket they serve belong to one thread; many sockets may
// be bound to one endpoint (SO_REUSEPORT). Ownership: spans out of a box are valid until its next
// use. Errors: set-up gives a Result that names the endpoint and the remedy; per packet there are
// counts. Nothing allocates after construction. Datagrams leave without DF and without path MTU
// discovery (IP_PMTUDISC_OMIT): a forged ICMP message cannot make answers fragment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "dns/bytes.h"
#include "dns/result.h"
#include "net/address.h"
#include "net/file_descriptor.h"

namespace sealwire::net {

// Who sent a datagram, and to which of our addresses: what a reply needs to go back the same way.
struct UdpPeer {
  Endpoint remote;
  IpAddress local;              // 0.0.0.0 unless the socket is bound to a wildcard address
  std::uint32_t interface = 0;  // of link-local IPv6 peers
};

class UdpSocket {
 public:
  // Bound for serving. `buffer_bytes` is asked of the kernel for each direction.
  static Result<UdpSocket> Bind(const Endpoint& endpoint, std::size_t buffer_bytes = 4u << 20);
  // Connected for asking, from a source port that the kernel draws at random: only `peer` is heard,
  // and its ICMP errors are.
  static Result<UdpSocket> Connect(const Endpoint& peer, std::size_t buffer_bytes = 1u << 20);

  int fd() const noexcept { return fd_.get(); }
  // Where the socket is bound; has the real port when port 0 was asked for.
  const Endpoint& local() const noexcept { return local_; }

  enum class SendResult : std::uint8_t { kSent, kFull, kRefused, kFailed };
  // On a connected socket. kRefused: an ICMP error says that nobody listens there.
  SendResult Send(dns::Bytes datagram) noexcept;

 private:
  UdpSocket(FileDescriptor fd, const Endpoint& local) noexcept
      : fd_(std::move(fd)), local_(local) {}

  FileDescriptor fd_;
  Endpoint local_;
};

class UdpInbox {
 public:
  explicit UdpInbox(std::size_t slots = 64, std::size_t slot_size = 4096);
  ~UdpInbox();
  UdpInbox(const UdpInbox&) = delete;
  UdpInbox& operator=(const UdpInbox&) = delete;

  struct Received {
    std::size_t count = 0;  // datagrams in the slots
    bool refused = false;   // ICMP says that the connected peer does not listen
  };
  // Fills the slots with what waits, without blocking. A count below slots() means that the socket
  // is empty.
  Received Receive(UdpSocket& socket) noexcept;

  std::size_t slots() const noexcept;
  // Empty when the datagram was larger than a slot.
  dns::Bytes payload(std::size_t slot) const noexcept;
  dns::MutableBytes mutable_payload(std::size_t slot) noexcept;
  UdpPeer peer(std::size_t slot) const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class UdpOutbox {
 public:
  explicit UdpOutbox(std::size_t slots = 64, std::size_t slot_size = 4096);
  ~UdpOutbox();
  UdpOutbox(const UdpOutbox&) = delete;
  UdpOutbox& operator=(const UdpOutbox&) = delete;

  bool empty() const noexcept;
  bool full() const noexcept;

  // The slot that is filled next; not when full(). Commit() queues `size` octets of it for `to`.
  dns::MutableBytes Next() noexcept;
  void Commit(std::size_t size, const UdpPeer& to) noexcept;

  // The same for a batch that is written before any of it is queued: all slots of an empty box.
  // They are committed in rising order, some left out, and the box is flushed before Next() is used
  // again.
  dns::MutableBytes slot(std::size_t i) noexcept;
  void CommitSlot(std::size_t i, std::size_t size, const UdpPeer& to) noexcept;

  struct Flushed {
    std::size_t sent = 0;
    std::size_t in_runs = 0;  // of `sent`: went with others of their size to the same peer
    std::size_t dropped = 0;  // the socket was full, or the destination cannot be reached
  };
  // Sends all that was committed, in as few calls as possible, and empties the box: what the kernel
  // does not take at once is dropped, since a client asks again and a queue would only grow old.
  // Datagrams of one size for one peer keep their order among themselves, others need not.
  Flushed Flush(UdpSocket& socket) noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sealwire::net
