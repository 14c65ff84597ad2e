// What stands in the way of a DPDK edge, found before it is started, and what to type.
//
// Looks only: nothing is opened for good, attached or changed, and EAL is not started. Threading:
// control thread. Errors: they are the findings. No DPDK type.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dpdk/edge_options.h"

namespace sealwire::dpdk {

struct Finding {
  enum class Level : std::uint8_t {
    kGood,
    kNote,   // works, but could work better
    kFault,  // will not start, or not answer
  };
  Level level = Level::kGood;
  std::string what;
  std::string remedy;  // empty when kGood
};

std::vector<Finding> Examine(const EdgeOptions& options);

}  // namespace sealwire::dpdk
