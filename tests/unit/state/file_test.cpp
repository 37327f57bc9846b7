// SPDX-License-Identifier: BSD-3-Clause
// The state file on the disk: all or nothing.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "control/state/file.h"

namespace sluice::control::state {
namespace {

class StateFileTest : public testing::Test {
 protected:
  StateFileTest() {
    char name[] = "/tmp/sluice-state-XXXXXX";
    directory_ = ::mkdtemp(name);
    path_ = directory_ + "/state";
  }
  ~StateFileTest() override { std::filesystem::remove_all(directory_); }

  Bytes content() const { return *read_file(path_, 100); }

  std::string directory_, path_;
};

TEST_F(StateFileTest, IsReplacedAsAWholeOrNotAtAll) {
  EXPECT_TRUE(content().empty());  // there is none
  {
    File file(path_);
    ASSERT_TRUE(file.begin());
    ASSERT_TRUE(file.append(Bytes{1, 2, 3}));
    EXPECT_TRUE(content().empty());
    EXPECT_FALSE(file.open());
    ASSERT_TRUE(file.commit());
    EXPECT_TRUE(file.open());
    ASSERT_TRUE(file.append(Bytes{4}));
    ASSERT_TRUE(file.overwrite(Bytes{9}));
    EXPECT_EQ(content(), (Bytes{9, 2, 3, 4}));
    struct stat status {};
    ASSERT_EQ(::stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    ASSERT_TRUE(file.begin());
    ASSERT_TRUE(file.append(Bytes{5}));
  }  // ends in the middle
  EXPECT_EQ(content(), (Bytes{9, 2, 3, 4}));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory_), {}), 1);
}

TEST_F(StateFileTest, SaysWhyNot) {
  File nowhere(directory_ + "/no/where");
  const Status status = nowhere.begin();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().what,
            directory_ + "/no/where cannot be written: No such file or directory");
  EXPECT_FALSE(nowhere.append(Bytes{1}));
  EXPECT_EQ(read_file(directory_, 100).error().what, "it is no ordinary file");
  std::filesystem::resize_file((std::ofstream(path_), path_), 101);
  EXPECT_EQ(read_file(path_, 100).error().what, "it is too big");
}

}  // namespace
}  // namespace sluice::control::state
