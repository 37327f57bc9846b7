// SPDX-License-Identifier: BSD-3-Clause
// What somebody has typed so far into a search for an address: "239.1" means every address that is
// written so from its beginning on, "239.1." the octet 1 and no other, "10.77.0.0/16" a range.
// Pure; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "shared/address.h"
#include "shared/result.h"

namespace sluice::control::web {

class AddressPattern {
 public:
  // `text` is not empty. An error is a sentence for who typed it.
  static Result<AddressPattern> parse(std::string_view text);

  bool matches(Ipv4 address) const;
  // Whether a group can match: then groups are meant, else hosts.
  bool means_groups() const;

 private:
  struct Range {
    Ipv4 first, last;
  };
  std::vector<Range> ranges_;
};

}  // namespace sluice::control::web
