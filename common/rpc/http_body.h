#ifndef COMMON_RPC_HTTP_BODY_H_
#define COMMON_RPC_HTTP_BODY_H_

// HTTP beside a gRPC method whose answer is a stream of google.api.HttpBody: a
// file rather than a resource. The names are gRPC metadata; the values are those
// of the HTTP headers, as they are. Whoever speaks gRPC may use them, too.
//
// The Content-Type is the content_type of the first message, which may have no
// data. An error before it is an error as everywhere, with the status and headers
// of the initial metadata if there are any (416 with Content-Range); after it, the
// body is broken off.
namespace tutti::http_body {

// Of the request; absent: GET. For HEAD all but the bytes is the same: the first
// message comes without data.
inline constexpr char kMethod[] = "http-method";
inline constexpr char kRange[] = "http-range";
inline constexpr char kIfRange[] = "http-if-range";
inline constexpr char kIfNoneMatch[] = "http-if-none-match";

// Of the answer, as initial metadata. The status, "206"; absent: 200.
inline constexpr char kStatus[] = "http-status";
// Bytes of this body; absent: not known before its end.
inline constexpr char kContentLength[] = "http-content-length";
inline constexpr char kContentRange[] = "http-content-range";
inline constexpr char kContentDisposition[] = "http-content-disposition";
inline constexpr char kAcceptRanges[] = "http-accept-ranges";
inline constexpr char kEtag[] = "http-etag";
inline constexpr char kLastModified[] = "http-last-modified";
inline constexpr char kCacheControl[] = "http-cache-control";

}  // namespace tutti::http_body

#endif  // COMMON_RPC_HTTP_BODY_H_
