#include "proxy/zone_image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "net/file_descriptor.h"
#include "proxy/local_zone_builder.h"
#include "signer/sha256.h"

namespace sealwire::proxy {
namespace {

// In the file: magic, time (64 bits), then owner, type, TTL, RDLENGTH and RDATA of every record, in
// network order, and the SHA-256 of all records.
constexpr std::array<std::uint8_t, 8> kMagic = {'S', 'E', 'A', 'L', 'Z', 'N', '0', '1'};
constexpr std::size_t kHeader = 16;
constexpr std::size_t kDigest = 32;
constexpr std::size_t kBuffer = 1 << 20;
constexpr std::size_t kMostRecord = dns::kMaxNameSize + 8 + 65535;

Error Failed(const std::string& path, const char* what) {
  return {path + ": " + what + ": " + std::strerror(errno)};
}

std::array<std::uint8_t, kHeader> HeaderFor(std::int64_t confirmed_at) noexcept {
  std::array<std::uint8_t, kHeader> header{};
  dns::Writer out(header);
  out.Run(kMagic);
  out.U32(static_cast<std::uint32_t>(static_cast<std::uint64_t>(confirmed_at) >> 32));
  out.U32(static_cast<std::uint32_t>(confirmed_at));
  return header;
}

bool WriteAll(int fd, dns::Bytes data) noexcept {
  while (!data.empty()) {
    const ssize_t n = ::write(fd, data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    data = data.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

// Gathers records and hashes what it writes.
class ImageWriter {
 public:
  explicit ImageWriter(int fd) : fd_(fd), buffer_(kBuffer), out_(buffer_) {}

  void Add(const dns::RRsetView& rrset, dns::Bytes rdata) noexcept {
    if (out_.room() < kMostRecord) Flush();
    out_.Run(rrset.owner.wire());
    out_.U16(static_cast<std::uint16_t>(rrset.type));
    out_.U32(rrset.ttl);
    out_.U16(static_cast<std::uint16_t>(rdata.size()));
    out_.Run(rdata);
  }
  bool Finish() noexcept {
    Flush();
    return ok_ && WriteAll(fd_, hash_.Finish());
  }

 private:
  void Flush() noexcept {
    hash_.Update(out_.written());
    ok_ = ok_ && WriteAll(fd_, out_.written());
    out_ = dns::Writer(buffer_);
  }

  int fd_;
  std::vector<std::uint8_t> buffer_;
  dns::Writer out_;
  signer::Sha256 hash_;
  bool ok_ = true;
};

Result<std::vector<std::uint8_t>> ReadAll(const std::string& path) {
  const net::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info = {};
  if (!file.open() || ::fstat(file.get(), &info) != 0) return Failed(path, "cannot be read");
  std::vector<std::uint8_t> octets(static_cast<std::size_t>(info.st_size));
  dns::MutableBytes rest(octets);
  while (!rest.empty()) {
    const ssize_t n = ::read(file.get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Failed(path, "cannot be read");
    rest = rest.subspan(static_cast<std::size_t>(n));
  }
  return octets;
}

Status AddRecords(dns::Bytes records, LocalZoneBuilder& builder) {
  dns::Reader reader(records);
  while (reader.remaining() > 0) {
    const auto owner = dns::NameView::Parse(records.subspan(reader.position()));
    if (!owner) return Error{"a name is malformed"};
    reader.Skip(owner->size());
    const auto type = static_cast<dns::RRType>(reader.U16());
    const std::uint32_t ttl = reader.U32();
    const dns::Bytes rdata = reader.Run(reader.U16());
    if (!reader.ok()) return Error{"a record is cut short"};
    if (Status added = builder.Add(*owner, type, ttl, rdata); !added.ok()) return added;
  }
  return Status::Ok();
}

void SyncFolderOf(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  const net::FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.open()) ::fsync(fd.get());
}

}  // namespace

Status WriteZoneImage(const std::string& path, const LocalZone& zone, std::int64_t confirmed_at) {
  const std::string beside = path + ".new";
  const net::FileDescriptor file(
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.open()) return Failed(beside, "cannot be written");
  bool ok = WriteAll(file.get(), HeaderFor(confirmed_at));
  ImageWriter writer(file.get());
  zone.ForEachNode([&](const LocalZone::Node& node) {
    node.ForEachRRset([&](const dns::RRsetView& rrset) {
      rrset.ForEach([&](dns::Bytes rdata) { writer.Add(rrset, rdata); });
    });
  });
  ok = writer.Finish() && ok && ::fsync(file.get()) == 0 &&
       ::rename(beside.c_str(), path.c_str()) == 0;
  if (!ok) {
    const Error error = Failed(path, "cannot be written");
    ::unlink(beside.c_str());
    return error;
  }
  SyncFolderOf(path);
  return Status::Ok();
}

Status ConfirmZoneImage(const std::string& path, std::int64_t confirmed_at) {
  const net::FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  const auto header = HeaderFor(confirmed_at);
  if (!file.open() || ::pwrite(file.get(), header.data(), header.size(), 0) !=
                          static_cast<ssize_t>(header.size())) {
    return Failed(path, "cannot be written");
  }
  return Status::Ok();
}

Result<ZoneImage> ReadZoneImage(const std::string& path, dns::NameView apex) {
  auto octets = ReadAll(path);
  if (!octets.ok()) return Error{octets.error()};
  const dns::Bytes all(*octets);
  if (all.size() < kHeader + kDigest || !dns::Equal(all.first(kMagic.size()), kMagic)) {
    return Error{path + ": is no zone image of this version"};
  }
  const dns::Bytes records = all.subspan(kHeader, all.size() - kHeader - kDigest);
  if (!dns::Equal(signer::Sha256::Hash(records), all.last(kDigest))) {
    return Error{path + ": the zone image is damaged"};
  }
  LocalZoneBuilder builder(apex);
  if (Status added = AddRecords(records, builder); !added.ok()) {
    return Error{path + ": " + added.error()};
  }
  auto zone = builder.Build();
  if (!zone.ok()) return Error{path + ": " + zone.error()};
  dns::Reader time(all, kMagic.size());
  const std::uint64_t high = time.U32();
  return ZoneImage{*std::move(zone), static_cast<std::int64_t>(high << 32 | time.U32())};
}

}  // namespace sealwire::proxy
