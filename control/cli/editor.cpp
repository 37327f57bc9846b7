// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/editor.h"

#include <histedit.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sluice::control::cli {
namespace {

constexpr int kHistoryLines = 1000;
constexpr std::size_t kLongestKept = 1024;  // bytes of a line in the history
constexpr std::size_t kMostShown = 60;
constexpr int kColumns = 80;

void show(const std::vector<Candidate>& candidates) {
  std::size_t width = 0;
  bool helped = false;
  for (const Candidate& one : candidates) {
    width = std::max(width, one.word.size());
    helped = helped || !one.help.empty();
  }
  const std::size_t per_row = helped ? 1 : std::max<std::size_t>(1, kColumns / (width + 2));
  const std::size_t shown = std::min(candidates.size(), kMostShown);
  std::string text = "\n";
  for (std::size_t i = 0; i < shown; ++i) {
    const Candidate& one = candidates[i];
    const bool ends = (i + 1) % per_row == 0 || i + 1 == shown;
    text += one.word;
    if (!ends || !one.help.empty()) text += std::string(width - one.word.size() + 2, ' ');
    text += one.help;
    if (ends) text += "\n";
  }
  if (shown < candidates.size()) text += "and more\n";
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

// Ctrl-C is a key while a line is typed, and a signal to a command. libedit says so to the terminal
// only after it has shown the prompt, when a quick hand may have typed already.
class NoSignalKeys {
 public:
  NoSignalKeys() { set_signal_keys(false); }
  ~NoSignalKeys() { set_signal_keys(true); }
  NoSignalKeys(const NoSignalKeys&) = delete;
  NoSignalKeys& operator=(const NoSignalKeys&) = delete;

 private:
  static void set_signal_keys(bool on) {
    termios mode{};
    if (tcgetattr(STDIN_FILENO, &mode) != 0) return;
    mode.c_lflag = on ? mode.c_lflag | ISIG : mode.c_lflag & ~tcflag_t{ISIG};
    tcsetattr(STDIN_FILENO, TCSANOW, &mode);
  }
};

}  // namespace

struct Editor::Impl {
  std::string prompt, file;
  Complete complete;
  EditLine* line = nullptr;
  History* history = nullptr;
  bool cancelled = false;

  static Impl& of(EditLine* line) {
    void* data = nullptr;
    el_get(line, EL_CLIENTDATA, &data);
    return *static_cast<Impl*>(data);
  }
  static std::string before_cursor(EditLine* line) {
    const LineInfo* const info = el_line(line);
    return {info->buffer, info->cursor};
  }

  // TAB: goes on as far as there is no choice, else shows the choice.
  static unsigned char on_tab(EditLine* line, int) {
    const Offer offer = of(line).complete(before_cursor(line));
    if (offer.candidates.empty()) return CC_ERROR;
    std::string more = common_prefix(offer.candidates).substr(offer.typed);
    if (offer.candidates.size() == 1) more += ' ';
    if (!more.empty()) return el_insertstr(line, more.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    show(offer.candidates);
    return CC_REDISPLAY;
  }
  // ?: shows it at once, as routers do.
  static unsigned char on_question(EditLine* line, int) {
    const Offer offer = of(line).complete(before_cursor(line));
    if (offer.candidates.empty()) return CC_ERROR;
    show(offer.candidates);
    return CC_REDISPLAY;
  }
  static unsigned char on_interrupt(EditLine* line, int) {
    of(line).cancelled = true;
    std::fputs("^C\n", stdout);
    std::fflush(stdout);
    return CC_NEWLINE;
  }

  void save(const std::string& text) {
    if (text.empty() || text.size() > kLongestKept) return;
    HistEvent event;
    ::history(history, &event, H_ENTER, text.c_str());
    if (file.empty()) return;
    // Beside it and then in its place: a shell that is killed leaves the old one or the new.
    const std::string fresh = file + "." + std::to_string(::getpid());
    if (::history(history, &event, H_SAVE, fresh.c_str()) < 0 ||  // with mode 0600
        std::rename(fresh.c_str(), file.c_str()) != 0) {
      ::unlink(fresh.c_str());
    }
  }
};

Editor::Editor(std::string prompt, std::string history, Complete complete)
    : impl_(std::make_unique<Impl>()) {
  impl_->prompt = std::move(prompt);
  impl_->file = std::move(history);
  impl_->complete = std::move(complete);
  HistEvent event;
  impl_->history = ::history_init();
  ::history(impl_->history, &event, H_SETSIZE, kHistoryLines);
  ::history(impl_->history, &event, H_SETUNIQUE, 1);
  if (!impl_->file.empty()) {
    std::error_code ignored;
    const auto directory = std::filesystem::path(impl_->file).parent_path();
    std::filesystem::create_directories(directory, ignored);
    ::history(impl_->history, &event, H_LOAD, impl_->file.c_str());  // a damaged one counts as none
  }
  EditLine* const line = el_init("sluicectl", stdin, stdout, stderr);
  impl_->line = line;
  el_set(line, EL_CLIENTDATA, impl_.get());
  el_set(
      line, EL_PROMPT, +[](EditLine* asking) { return Impl::of(asking).prompt.data(); });
  el_set(line, EL_EDITOR, "emacs");
  el_set(line, EL_HIST, ::history, impl_->history);
  el_set(line, EL_SIGNAL, 1);
  el_source(line, nullptr);  // the user's own ~/.editrc
  el_set(line, EL_ADDFN, "sluice-complete", "what may come next", &Impl::on_tab);
  el_set(line, EL_ADDFN, "sluice-choices", "what may come next", &Impl::on_question);
  el_set(line, EL_ADDFN, "sluice-cancel", "forget the line", &Impl::on_interrupt);
  el_set(line, EL_BIND, "^I", "sluice-complete", nullptr);
  el_set(line, EL_BIND, "?", "sluice-choices", nullptr);
  el_set(line, EL_BIND, "^C", "sluice-cancel", nullptr);
  el_set(line, EL_SETTY, "-d", "-isig", nullptr);
}

Editor::~Editor() {
  el_end(impl_->line);
  ::history_end(impl_->history);
}

std::optional<std::string> Editor::read_line() {
  impl_->cancelled = false;
  int count = 0;
  const NoSignalKeys from_the_prompt_on;
  const char* const typed = el_gets(impl_->line, &count);
  if (impl_->cancelled) return "";
  if (typed == nullptr || count <= 0) return std::nullopt;
  std::string text(typed, static_cast<std::size_t>(count));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  impl_->save(text);
  return text;
}

std::string history_file() {
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);
    return std::string(value == nullptr || value[0] != '/' ? "" : value);
  };
  if (const std::string state = variable("XDG_STATE_HOME"); !state.empty()) {
    return state + "/sluice/history";
  }
  const std::string home = variable("HOME");
  return home.empty() ? "" : home + "/.local/state/sluice/history";
}

}  // namespace sluice::control::cli
