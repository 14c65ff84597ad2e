// Summaries as text for a terminal: a table and a histogram of one run, ratios of two.
//
// Threading: pure functions.
#pragma once

#include <string>

#include "apps/load/summary.h"

namespace sealwire::load {

std::string Report(const Summary& summary);

// Both runs side by side, and the second as a multiple of the first.
std::string Compare(const Summary& first, const Summary& second);

}  // namespace sealwire::load
