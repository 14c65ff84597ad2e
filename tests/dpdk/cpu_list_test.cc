#include "dpdk/cpu_list.h"

#include <gtest/gtest.h>

namespace sealwire::dpdk {
namespace {

TEST(CpuList, ReadsRangesAndMaps) {
  EXPECT_EQ(*ParseCpuList("3"), std::vector<int>({3}));
  EXPECT_EQ(*ParseCpuList("2-4,7"), std::vector<int>({2, 3, 4, 7}));
  EXPECT_EQ(*ParseCpuList("0@2,1@3"), std::vector<int>({2, 3}));
}

TEST(CpuList, RefusesWhatItCannotKeep) {
  for (const char* text : {"", ",", "1,", "x", "4-2", "-1", "1024", "0@(1,2)", "1 2"}) {
    EXPECT_FALSE(ParseCpuList(text).ok()) << text;
  }
}

}  // namespace
}  // namespace sealwire::dpdk
