#include "control/access_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sealwire::control {
namespace {

class AccessTokenTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::remove_all(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("token-" + std::to_string(::getpid()));
  std::string path_ = folder_ / "etc" / "token";

  std::string Line() const {
    std::ifstream in(path_);
    std::string line;
    std::getline(in, line);
    return line;
  }
  void Write(const std::string& text, mode_t mode) const {
    std::filesystem::create_directories(folder_ / "etc");
    std::ofstream(path_) << text;
    ::chmod(path_.c_str(), mode);
  }
};

TEST_F(AccessTokenTest, FileThatIsNotThereIsMadeForItsOwnerOnly) {
  const auto token = AccessToken::FromFile(path_);
  ASSERT_TRUE(token.ok()) << token.error();
  struct stat info = {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  EXPECT_EQ(Line().size(), 64u);
  EXPECT_TRUE(token->Admits("Bearer " + Line()));
  const std::string first = Line();
  ASSERT_TRUE(AccessToken::FromFile(path_).ok());
  EXPECT_EQ(Line(), first) << "a token that is there is kept";
}

TEST_F(AccessTokenTest, AdmitsTheTokenAndNothingElse) {
  const AccessToken token = AccessToken::FromText("s3cret");
  EXPECT_TRUE(token.Admits("Bearer s3cret"));
  EXPECT_TRUE(token.Admits("bearer s3cret"));
  for (const char* wrong : {"", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3cret ",
                            "Bearer S3cret", "Basic s3cret", "s3cret"}) {
    EXPECT_FALSE(token.Admits(wrong)) << wrong;
  }
}

TEST_F(AccessTokenTest, FileThatEverybodyReadsIsRefused) {
  Write("abc\n", 0644);
  const auto token = AccessToken::FromFile(path_);
  ASSERT_FALSE(token.ok());
  EXPECT_THAT(token.error(), testing::HasSubstr("chmod it to 0600"));
}

TEST_F(AccessTokenTest, EmptyFileAdmitsNobody) {
  Write("\nabc\n", 0600);
  EXPECT_FALSE(AccessToken::FromFile(path_).ok());
}

TEST_F(AccessTokenTest, FirstLineIsTheToken) {
  Write("abc\r\nsecond\n", 0640);
  const auto token = AccessToken::FromFile(path_);
  ASSERT_TRUE(token.ok()) << token.error();
  EXPECT_TRUE(token->Admits("Bearer abc"));
}

}  // namespace
}  // namespace sealwire::control
