#ifndef GATEWAY_OPENAPI_COMMENTS_H_
#define GATEWAY_OPENAPI_COMMENTS_H_

#include <string>

#include "google/protobuf/descriptor.h"

namespace tutti::gateway {

// The comment before an element of a .proto file: lines joined to paragraphs.
std::string CleanComment(const std::string& raw);

// "" where it has none.
template <typename Descriptor>
std::string CommentOf(const Descriptor& descriptor) {
  google::protobuf::SourceLocation location;
  return descriptor.GetSourceLocation(&location) ? CleanComment(location.leading_comments) : "";
}

// Up to the first full stop that ends a sentence, without it.
std::string FirstSentence(const std::string& text);

}  // namespace tutti::gateway

#endif  // GATEWAY_OPENAPI_COMMENTS_H_
