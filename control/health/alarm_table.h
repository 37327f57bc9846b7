// SPDX-License-Identifier: BSD-3-Clause
// The alarms that are active, and those that are about to be. Checks say what they see wrong, again
// and again while it lasts; the table raises what has lasted and clears what has not been seen for
// a while, so that nothing flaps. Bounded: of each kind only so many are listed, and the rest is a
// number. Told the time; control thread only.
#pragma once

#include <array>
#include <compare>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "control/health/alarm.h"
#include "control/health/kinds.h"

namespace sluice::control::health {

// What is wrong, and where. Two sightings with the same subject are one alarm.
struct Subject {
  Kind kind = Kind::kNoQuerier;
  std::optional<VlanId> vlan{};
  std::optional<PortId> port{};
  std::optional<Ipv4> group{};
  std::optional<unsigned> worker{};

  auto operator<=>(const Subject&) const = default;
};

// How long it must have lasted, and be gone.
struct Hold {
  Duration raise_after{0};
  Duration clear_after{0};
};

// Both are sentences.
struct Advice {
  std::string cause, remedy;
  std::optional<Ipv4> source{};
};

struct Transition {
  bool raised = false;  // else cleared
  Alarm alarm;
};

class AlarmTable {
 public:
  static constexpr std::size_t kMostOfAKind = 64;

  // Whether there is room for it; for who would rather not word what is not listed.
  bool wants(const Subject& subject);
  // Seen wrong just now. `advice` is the latest wording.
  void sight(const Subject& subject, const Hold& hold, TimePoint now, Advice advice);
  // Everything of this kind has been looked at once more: what found no room is counted anew.
  void end_round(Kind kind);
  // Raises and clears what is due.
  void settle(TimePoint now, std::vector<Transition>& out);

  // By severity, the most severe first; then by name and place.
  std::vector<Alarm> active() const;
  // How many more there are than active() has.
  std::size_t not_listed() const;
  std::size_t raised_total() const { return raised_total_; }

 private:
  struct Entry {
    TimePoint first, last;  // sightings
    Hold hold;
    bool raised = false;
    Advice advice;
  };
  struct Room {
    std::size_t entries = 0;
    std::size_t turned_away = 0;       // in the round that is under way
    std::size_t turned_away_last = 0;  // in the one before
  };
  static Alarm alarm_of(const Subject& subject, const Entry& entry);
  Room& room(Kind kind) { return rooms_[static_cast<std::size_t>(kind)]; }

  std::map<Subject, Entry> entries_;
  std::array<Room, kKinds.size()> rooms_{};
  std::size_t raised_total_ = 0;
};

}  // namespace sluice::control::health
