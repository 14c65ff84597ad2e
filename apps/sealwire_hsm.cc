// sealwire-hsm: the process in which the PKCS#11 module runs. sealwired starts it; it is not for
// people.
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "keycache/hsm_service.h"

int main(int argc, char** argv) {
  sealwire::keycache::HsmServiceOptions options;
  CLI::App app("Runs a PKCS#11 module for sealwired, which starts this program by itself");
  app.add_option("--module", options.module, "PKCS#11 library")->required();
  app.add_option("--token", options.token, "label of the token")->required();
  app.add_option("--pin-file", options.pin_file, "file that holds the user PIN")->required();
  app.add_option("--parent", options.parent, "process id of sealwired")->required();
  CLI11_PARSE(app, argc, argv);

  int type = 0;
  socklen_t size = sizeof type;
  if (getsockopt(sealwire::keycache::kHsmSocket, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
      type != SOCK_STREAM) {
    std::fputs("sealwire-hsm is started by sealwired, not by hand\n", stderr);
    return 2;
  }
  const int status = sealwire::keycache::RunHsmService(options);
  std::fflush(nullptr);
  _exit(status);
}
