// SPDX-License-Identifier: BSD-3-Clause
// Files with mistakes: tables of them stand in several tests, what is checked in bad_file_test.cpp.
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/config/files.h"

namespace sluice::config {

struct Told {
  unsigned line;
  unsigned column;
  std::string_view fragment;  // of the message
};

struct BadFile {
  std::string_view name;
  std::string_view text;  // kPorts follows
  std::vector<Told> told;
  std::string_view req = "";

  friend std::ostream& operator<<(std::ostream& out, const BadFile& file) {
    return out << file.name;  // not the text, of which not every byte may stand in a report
  }
};

class BadFiles : public testing::TestWithParam<BadFile> {};

inline std::string name_of_file(const testing::TestParamInfo<BadFile>& info) {
  return std::string(info.param.name);
}

}  // namespace sluice::config
