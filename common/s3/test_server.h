#ifndef COMMON_S3_TEST_SERVER_H_
#define COMMON_S3_TEST_SERVER_H_

#include <memory>
#include <string>

#include "common/s3/bucket.h"
#include "common/testing/process.h"

namespace tutti::s3 {

// For tests: an S3 server that is not ours (s3rver of npm), with a bucket "calls",
// whose objects outlive it. It knows its one key, but doesn't check signatures, and
// can't abort uploads.
class TestServer {
 public:
  TestServer();
  ~TestServer();

  // Returns when it answers.
  void Start();
  // By SIGKILL.
  void Kill();

  BucketOptions Options() const;

 private:
  const std::string folder_;
  const int port_;
  std::unique_ptr<Process> process_;
};

}  // namespace tutti::s3

#endif  // COMMON_S3_TEST_SERVER_H_
