// Tells systemd what the daemon is about to do (sd_notify(3)), without its library.
//
// Threading: any thread. Does nothing outside systemd. Errors: none; a message that cannot be
// delivered is lost.
#pragma once

#include <string_view>

namespace sealwire::control {

// "READY=1", "RELOADING=1", "STOPPING=1", "STATUS=…"; several lines in one message.
void NotifyService(std::string_view state) noexcept;

}  // namespace sealwire::control
