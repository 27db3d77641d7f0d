#ifndef COMMON_S3_XML_H_
#define COMMON_S3_XML_H_

#include <string>
#include <string_view>

namespace tutti::s3 {

// The text of the first element of this name in an answer of S3, the five
// predefined entities resolved; empty: there is none. Not a reader of all XML:
// those answers are flat, and have neither comments nor CDATA.
std::string FindElement(std::string_view xml, std::string_view name);

}  // namespace tutti::s3

#endif  // COMMON_S3_XML_H_
