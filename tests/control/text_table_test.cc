#include "control/text_table.h"

#include <gtest/gtest.h>

#include <sstream>

namespace sealwire::control {
namespace {

TEST(TextTable, ColumnsAreAsWideAsTheirCells) {
  TextTable table({"ZONE", "STATUS"});
  table.Add({"example.com", "active"});
  EXPECT_EQ(table.ToText(), "ZONE         STATUS\nexample.com  active\n");
}

TEST(TextTable, NeverWiderThan80) {
  TextTable table({"ZONE", "STATUS", "BACKEND"});
  table.Add({std::string(200, 'z'), "active", std::string(90, 'b')});
  std::istringstream lines(table.ToText());
  for (std::string line; std::getline(lines, line);) {
    std::size_t columns = 0;
    for (const char c : line) columns += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    EXPECT_LE(columns, 80u) << line;
  }
}

TEST(TextTable, ControlCharactersDoNotReachTheTerminal) {
  TextTable table({"A"});
  table.Add({"x\x1b[31m\n"});
  EXPECT_EQ(table.ToText(), "A\nx?[31m?\n");
}

TEST(Wrapped, BreaksBetweenWords) {
  EXPECT_EQ(Wrapped("one two three", 9, 2), "one two\n  three");
  EXPECT_EQ(Wrapped("toolongforaline x", 8, 2), "toolongforaline\n  x");
  EXPECT_EQ(Wrapped("", 8, 2), "");
}

}  // namespace
}  // namespace sealwire::control
