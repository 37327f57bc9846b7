// SPDX-License-Identifier: BSD-3-Clause
// The files of page/, compiled in by embed.py. Constant data; any thread.
#pragma once

#include <span>
#include <string_view>

namespace sluice::control::web {

struct PageFile {
  std::string_view path;  // "/matrix.js"
  std::string_view content_type;
  std::string_view bytes;
};

std::span<const PageFile> page_files();

}  // namespace sluice::control::web
