// The files of a sealwired that gives up root's rights: made for its user where they are missing,
// and looked at as that user before any port is open, so that no reload and no restart finds a
// file out of reach.
//
// Threading: while there is one thread. Errors: the path, who may not do what with it, and what to
// type.
#pragma once

#include <string>

#include "control/config.h"
#include "control/process_user.h"

namespace sealwire::apps {

Status PrepareFilesFor(const control::ProcessUser& user, const control::Config& config,
                       const std::string& config_file);

}  // namespace sealwire::apps
