#include "common/s3/xml.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace tutti::s3 {

std::string FindElement(std::string_view xml, std::string_view name) {
  const std::string begin_tag = absl::StrCat("<", std::string(name), ">");
  const size_t begin = xml.find(begin_tag);
  if (begin == std::string_view::npos) return "";
  const size_t text = begin + begin_tag.size();
  const size_t end = xml.find('<', text);
  if (end == std::string_view::npos) return "";
  // "&amp;" last would make "&amp;lt;" a '<'; one pass doesn't.
  return absl::StrReplaceAll(std::string(xml.substr(text, end - text)),
                             {{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}});
}

}  // namespace tutti::s3
