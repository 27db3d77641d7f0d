#ifndef COMMON_S3_BUCKET_CONFIG_H_
#define COMMON_S3_BUCKET_CONFIG_H_

#include "common/s3/bucket.h"
#include "tutti/config/v1/config.pb.h"

namespace tutti::s3 {

inline BucketOptions MakeBucketOptions(const config::v1::ObjectStore& config) {
  return {.endpoint = config.endpoint(),
          .region = config.region(),
          .bucket = config.bucket(),
          .prefix = config.prefix(),
          .access_key_id = config.access_key_id(),
          .secret_access_key = config.secret_access_key()};
}

}  // namespace tutti::s3

#endif  // COMMON_S3_BUCKET_CONFIG_H_
