// SPDX-License-Identifier: BSD-3-Clause
// Any line through the control socket's parser and dispatcher: one answer line, valid JSON, always.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "control/api/dispatcher.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  namespace api = sluice::control::api;
  static sluice::Doorbell bell;
  static api::CommandQueue commands(bell);
  static api::Dispatcher* const dispatcher = [] {
    commands.close();  // no control thread here: commands that need it are refused
    return new api::Dispatcher({.config_path = "/nonexistent/sluice.toml",
                                .ports = api::PortNames({"p1", "p2"}),
                                .uptime_s = [] { return 1.0; }},
                               commands);
  }();
  const api::Dispatcher::Answer answer =
      dispatcher->answer({reinterpret_cast<const char*>(bytes), size});
  const bool one_line = answer.line.find('\n') == answer.line.size() - 1;
  if (!one_line || !nlohmann::json::accept(answer.line)) std::abort();
  return 0;
}
