// SPDX-License-Identifier: BSD-3-Clause
// The router's timers and counters (RFC 9776 §8), as configured or as adopted from the elected
// querier (TM-23, TM-24). A change counts for timers that start afterwards (TM-25).
#pragma once

#include <algorithm>
#include <cstdint>

#include "shared/time.h"

namespace sluice::control::igmp {

struct Parameters {
  std::uint8_t robustness_variable = 2;                           // §8.1
  Duration query_interval = std::chrono::seconds(125);            // §8.2
  Duration query_response_interval = std::chrono::seconds(10);    // §8.3
  Duration last_member_query_interval = std::chrono::seconds(1);  // §8.8
  std::uint8_t membership_response_factor = 2;  // TM-20: 2 by RFC 9776 §8.4, 1 by RFC 3376 §8.4

  Duration group_membership_interval() const {  // §8.4
    return robustness_variable * query_interval +
           membership_response_factor * query_response_interval;
  }
  Duration other_querier_present_interval() const {  // §8.5
    return robustness_variable * query_interval + query_response_interval / 2;
  }
  Duration startup_query_interval() const { return query_interval / 4; }        // §8.6
  std::uint8_t startup_query_count() const { return robustness_variable; }      // §8.7
  std::uint8_t last_member_query_count() const { return robustness_variable; }  // §8.9
  Duration last_member_query_time() const {                                     // §8.10
    return last_member_query_interval * last_member_query_count();
  }
  Duration older_host_present_interval() const {  // §8.13
    return robustness_variable * query_interval + query_response_interval;
  }

  bool operator==(const Parameters&) const = default;
};

}  // namespace sluice::control::igmp
