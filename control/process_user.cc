#include "control/process_user.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "net/file_descriptor.h"

namespace sealwire::control {
namespace {

namespace fs = std::filesystem;

Error Failed(const std::string& what) {
  return Error{what + ": " + std::strerror(errno)};
}

// getpwnam(3): errno stays 0, or is one of these, when there is no such entry.
Error Unknown(const char* kind, const std::string& name) {
  if (errno == 0 || errno == ENOENT || errno == ESRCH || errno == EBADF || errno == EPERM) {
    return Error{std::string(kind) + ": there is no " + kind + " '" + name + "'"};
  }
  return Failed(std::string(kind) + ": looking up '" + name + "'");
}

// Of this thread; one that cannot tell counts as having some.
bool HasCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return true;
  return (data[0].permitted | data[1].permitted | data[0].effective | data[1].effective) != 0;
}

// A change of ids resets it to what sysctl fs.suid_dumpable says (prctl(2)).
Status StayUndumpable(int before) {
  if (before == 0 && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return Failed("user: PR_SET_DUMPABLE");
  }
  return Status::Ok();
}

std::string FolderOf(const std::string& file) {
  const fs::path folder = fs::path(file).parent_path();
  return folder.empty() ? "." : folder.string();
}

// The folder on the way to `file` that may not be entered; empty: all may.
std::string ShutFolder(const std::string& file) {
  fs::path way;
  for (const fs::path& part : fs::path(FolderOf(file))) {
    way /= part;
    if (::eaccess(way.c_str(), X_OK) != 0 && errno == EACCES) return way.string();
  }
  return "";
}

}  // namespace

Result<ProcessUser> ProcessUser::Find(const std::string& name, const std::string& group) {
  errno = 0;
  const passwd* entry = ::getpwnam(name.c_str());
  if (entry == nullptr) return Unknown("user", name);
  ProcessUser user{name, group, entry->pw_dir, entry->pw_uid, entry->pw_gid};
  errno = 0;
  const struct group* found = group.empty() ? ::getgrgid(user.gid) : ::getgrnam(group.c_str());
  if (!group.empty()) {
    if (found == nullptr) return Unknown("group", group);
    user.gid = found->gr_gid;
  } else {
    user.group = found != nullptr ? found->gr_name : std::to_string(user.gid);
  }
  if (user.uid == 0) return Error{"user: '" + name + "' is root: name one without its rights"};
  if (::geteuid() == 0) return user;
  if (::geteuid() != user.uid) {
    return Error{"user: only root can become '" + name + "': start as root or as '" + name +
                 "' itself"};
  }
  // Ids that do not change take no capability with them.
  if (HasCapabilities()) {
    return Error{"user: started as '" + name +
                 "' with capabilities, which would stay: start as root, or leave out user"};
  }
  return user;
}

Status ProcessUser::RefuseNewRights() const {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Failed("user: PR_SET_NO_NEW_PRIVS");
  return ::setenv("HOME", home.c_str(), 1) == 0 ? Status::Ok() : Status(Failed("user: HOME"));
}

Status ProcessUser::Acting(const std::function<Status()>& work) const {
  if (::geteuid() != 0) return work();
  const int dumpable = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  const gid_t own_group = ::getegid();
  std::vector<gid_t> own_groups(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))));
  if (::getgroups(static_cast<int>(own_groups.size()), own_groups.data()) < 0 ||
      ::initgroups(name.c_str(), gid) != 0 || ::setegid(gid) != 0 || ::seteuid(uid) != 0) {
    return Failed("user: acting as '" + name + "'");
  }
  if (Status status = StayUndumpable(dumpable); !status.ok()) return status;
  Status done = work();
  if (::seteuid(0) != 0 || ::setegid(own_group) != 0 ||
      ::setgroups(own_groups.size(), own_groups.data()) != 0) {
    return Failed("user: going back from '" + name + "'");
  }
  if (Status status = StayUndumpable(dumpable); !status.ok()) return status;
  return done;
}

Status ProcessUser::MakeFolderOf(const std::string& file) const {
  const std::string folder = FolderOf(file);
  std::error_code error;
  // As the user where it may: in a folder of its own it could put a link in root's way.
  Status made = Acting([&] {
    fs::create_directories(folder, error);
    return Status::Ok();
  });
  if (!made.ok() || !error) return made;
  std::error_code unknown;
  if (fs::exists(folder, unknown)) return made;
  fs::create_directories(folder, error);
  if (error) return Error{folder + ": " + error.message()};
  const net::FileDescriptor fd(
      ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.open() || ::fchmod(fd.get(), 0750) != 0 || ::fchown(fd.get(), uid, gid) != 0) {
    return Failed(folder);
  }
  return Status::Ok();
}

Status ProcessUser::Give(const std::string& file) const {
  if (::geteuid() != 0) return Status::Ok();
  return ::lchown(file.c_str(), uid, gid) == 0 ? Status::Ok() : Status(Failed(file));
}

Status ProcessUser::CheckRead(const std::string& file) const {
  if (const std::string shut = ShutFolder(file); !shut.empty()) {
    return Error{file + ": user '" + name + "' may not enter " + shut + ": chgrp " + group + " " +
                 shut + " && chmod g+x " + shut};
  }
  if (::eaccess(file.c_str(), R_OK) == 0 || errno != EACCES) return Status::Ok();
  return Error{file + ": user '" + name + "' may not read it: chgrp " + group + " " + file +
               " && chmod g+r " + file};
}

Status ProcessUser::CheckWrite(const std::string& file) const {
  const std::string folder = FolderOf(file);
  if (::eaccess(folder.c_str(), W_OK | X_OK) != 0) {
    return Error{file + ": user '" + name + "' may not write in " + folder + " (" +
                 std::strerror(errno) + "): give it a folder of its own: chown -R " + name +
                 " FOLDER"};
  }
  if (::eaccess(file.c_str(), R_OK | W_OK) == 0 || errno != EACCES) return Status::Ok();
  return Error{file + ": user '" + name + "' may not write it: chown -R " + name + " " + file};
}

// glibc takes each of these to every thread. The kernel clears the capabilities of a thread that
// leaves user 0 with all three of its ids (capabilities(7)), unless it was told to keep them.
Status ProcessUser::Become() const {
  const int dumpable = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  if (::geteuid() == 0) {
    if (::initgroups(name.c_str(), gid) != 0) return Failed("user: groups of '" + name + "'");
    if (::setresgid(gid, gid, gid) != 0) return Failed("group: of '" + name + "'");
    if (::setresuid(uid, uid, uid) != 0) return Failed("user: '" + name + "'");
  }
  // The way back must be shut: a system call that lied is no reason to go on.
  if (::setresuid(0, 0, 0) == 0) return Error{"user: '" + name + "' could become root again"};
  if (HasCapabilities()) return Error{"user: capabilities stayed with '" + name + "'"};
  return StayUndumpable(dumpable);
}

}  // namespace sealwire::control
