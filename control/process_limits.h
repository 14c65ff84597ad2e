// What the daemon asks of the kernel for itself before it handles a secret.
//
// Threading: once, at start, before other threads. Errors: none; what is refused is logged.
#pragma once

namespace sealwire::control {

// No core dumps and no debugger of another user (secrets lie in memory), as many descriptors and as
// much locked memory as allowed, no death by SIGPIPE, files for the owner and the group only.
void HardenProcess();

}  // namespace sealwire::control
