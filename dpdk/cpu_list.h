// Lists of CPUs as EAL writes them: "2-3,6" (-l) and "0@2,1@3" (--lcores).
//
// Threading: pure. Errors: Result with a sentence. No DPDK type.
#pragma once

#include <string_view>
#include <vector>

#include "dns/result.h"

namespace sealwire::dpdk {

// The CPUs in the order written. Of "LCORE@CPU" only the CPU counts. Groups in parentheses, which
// would let one thread float over several CPUs, are refused.
Result<std::vector<int>> ParseCpuList(std::string_view text);

}  // namespace sealwire::dpdk
