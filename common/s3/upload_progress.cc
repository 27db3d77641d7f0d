#include "common/s3/upload_progress.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/status.h"

namespace tutti::s3 {
namespace {

constexpr char kFirstLine[] = "tutti upload 1";
// Before the ETags: this one, key, bytes, bytes of a part, id.
constexpr size_t kHeadLines = 5;

absl::Status DiskError(const std::string& path) {
  return absl::UnavailableError(absl::StrCat("can't write ", path, ": ", std::strerror(errno)));
}

// One write, on the disk when it returns.
absl::Status Append(const std::string& path, const std::string& text, int more_flags) {
  const int file = open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | more_flags, 0600);
  if (file < 0) return DiskError(path);
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool synced = written && fdatasync(file) == 0;
  const absl::Status status = synced ? absl::OkStatus() : DiskError(path);
  close(file);
  return status;
}

}  // namespace

std::optional<UploadProgress> UploadProgress::Load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  // The last line of a process that was killed may be torn: it must not hide the next.
  const size_t whole = text.rfind('\n') + 1;
  if (whole < text.size() && truncate(path.c_str(), static_cast<off_t>(whole)) != 0) return std::nullopt;
  text.resize(whole);
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  lines.pop_back();
  Upload upload;
  if (lines.size() < kHeadLines || lines[0] != kFirstLine || !absl::SimpleAtoi(lines[2], &upload.bytes) ||
      !absl::SimpleAtoi(lines[3], &upload.part_bytes) || lines[4].empty()) {
    return std::nullopt;
  }
  upload.key = lines[1];
  upload.id = lines[4];
  UploadProgress progress(path, std::move(upload));
  progress.etags_.assign(lines.begin() + kHeadLines, lines.end());
  return progress;
}

absl::StatusOr<UploadProgress> UploadProgress::Begin(const std::string& path, const Upload& upload) {
  const std::string text =
      absl::StrCat(kFirstLine, "\n", upload.key, "\n", upload.bytes, "\n", upload.part_bytes, "\n", upload.id, "\n");
  TUTTI_RETURN_IF_ERROR(Append(path, text, O_CREAT | O_TRUNC));
  return UploadProgress(path, upload);
}

absl::Status UploadProgress::Add(const std::string& etag) {
  TUTTI_RETURN_IF_ERROR(Append(path_, absl::StrCat(etag, "\n"), 0));
  etags_.push_back(etag);
  return absl::OkStatus();
}

void UploadProgress::Remove() { unlink(path_.c_str()); }

}  // namespace tutti::s3
