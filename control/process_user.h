// The user that sealwired becomes once what only root may open is open: DPDK's ports, port 53,
// locked memory.
//
// Order: Find(), RefuseNewRights() and Acting() while there is one thread, then Become(), which
// changes every thread (nptl(7)). Errors: sentences with the path, and what to type where that is
// known. Nothing leads back after Become(): capabilities are gone, no program gives new ones.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "dns/result.h"

namespace sealwire::control {

struct ProcessUser {
  std::string name;
  std::string group;
  std::string home;
  uid_t uid = 0;
  gid_t gid = 0;

  // `group` empty: the user's own. Fails when either is unknown, the user is root, or we cannot
  // become it without keeping rights.
  static Result<ProcessUser> Find(const std::string& name, const std::string& group);

  // For this thread, and every thread and program begun from here on: set-uid programs and
  // capabilities of files give nothing. HOME becomes the user's, as HSM modules look there.
  Status RefuseNewRights() const;

  // Does `work` with the user's ids and groups in force, then goes back.
  Status Acting(const std::function<Status()>& work) const;

  // Makes the folder of `file` this user's, mode 0750, if it is not there; a folder that is there
  // is left as it is.
  Status MakeFolderOf(const std::string& file) const;
  // Gives the user a file that root has made, in a folder that the user may not write in.
  Status Give(const std::string& file) const;

  // While acting as the user: may `file` be read, or be made and written in place? What is not
  // there can be read: whoever opens it says so.
  Status CheckRead(const std::string& file) const;
  Status CheckWrite(const std::string& file) const;

  // Becomes it for good, with its groups. Only what a thread had open remains of root's rights.
  Status Become() const;
};

}  // namespace sealwire::control
