#ifndef COMMON_CONFIG_CONFIG_H_
#define COMMON_CONFIG_CONFIG_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "tutti/config/v1/config.pb.h"

namespace tutti {

// Fills `config` from the file named by --config (a textproto) and then from the
// flags, which win: --field=VALUE or --field VALUE, a nested field by its path
// (--gateway.http_listen), '-' the same as '_', a bool alone is true, a repeated
// field as a,b,c and replacing the file's. Errors are INVALID_ARGUMENT with one
// sentence that names the flag, or the file with line and column.
absl::Status ReadConfig(const std::vector<std::string>& arguments, google::protobuf::Message& config);

// What --help prints: each field with its default and its help.
std::string ConfigHelp(const google::protobuf::Message& config);

// For main: reads the command line. --help is printed and ends the process with
// 0; a broken configuration is printed as one line and ends it with 2.
config::v1::Config ReadConfigOrExit(int argc, char** argv);

}  // namespace tutti

#endif  // COMMON_CONFIG_CONFIG_H_
