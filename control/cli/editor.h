// SPDX-License-Identifier: BSD-3-Clause
// The line that is being typed: libedit, with TAB and ? for what may come next, and a history that
// outlives the shell.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/cli/complete.h"

namespace sluice::control::cli {

class Editor {
 public:
  // What may stand in place of the end of a line: its last `typed` bytes.
  struct Offer {
    std::vector<Candidate> candidates;
    std::size_t typed = 0;
  };
  using Complete = std::function<Offer(const std::string& line)>;

  // `history`: a file, read now and written with each line; empty: none is kept.
  Editor(std::string prompt, std::string history, Complete complete);
  ~Editor();
  Editor(const Editor&) = delete;
  Editor& operator=(const Editor&) = delete;

  // Without the newline; empty after Ctrl-C; none at the end of the input.
  std::optional<std::string> read_line();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// $XDG_STATE_HOME/sluice/history, else ~/.local/state/sluice/history; "" without a home.
std::string history_file();

}  // namespace sluice::control::cli
