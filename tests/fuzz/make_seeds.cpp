// SPDX-License-Identifier: BSD-3-Clause
// make_seeds TARGET DIR: writes the start corpus of a fuzz target from what the unit
// tests use. A target unknown here starts from nothing.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>

#include "tests/unit/igmp/frames.h"

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: make_seeds TARGET DIR\n";
    return 2;
  }
  const std::string_view target = argv[1];
  const std::filesystem::path directory = argv[2];
  std::filesystem::create_directories(directory);
  int number = 0;
  const auto write = [&](const std::string& bytes) {
    std::ofstream(directory / ("seed-" + std::to_string(number++)), std::ios::binary) << bytes;
  };
  for (const auto& frame : sluice::control::igmp::frames::seeds()) {
    const std::string bytes(frame.begin(), frame.end());
    if (target == "codec_fuzz") {
      write('\0' + bytes);  // checksums as they are
      write('\1' + bytes);  // checksums put right after mutation
    } else if (target == "classify_fuzz") {
      write('\0' + bytes);  // port 0, no tag stripped
    }
  }
  if (target == "state_fuzz") {
    std::ifstream file(SLUICE_SOURCE_DIR "/tests/unit/state/golden-1.state", std::ios::binary);
    write({std::istreambuf_iterator<char>(file), {}});
  }
  if (target == "control_socket_fuzz") {
    for (const char* request : {"{\"command\":\"status\"}\n", "{\"command\":\"show groups\"}\n",
                                "{\"command\":\"show fib\",\"group\":\"239.1.1.1\"}\n"}) {
      write(request);
    }
  }
}
