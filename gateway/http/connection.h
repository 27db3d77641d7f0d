#ifndef GATEWAY_HTTP_CONNECTION_H_
#define GATEWAY_HTTP_CONNECTION_H_

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gateway/http/http.h"
#include "gateway/http/server_core.h"
#include "gateway/http/stream.h"

namespace tutti::gateway {

// One client's connection; all of it on its strand, but the reply and the pieces
// of a streamed body.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerCore> core, boost::asio::ip::tcp::socket socket);
  ~Connection();

  Stream::executor_type executor() { return stream_.get_executor(); }

  void Begin();
  // There are too many.
  void Refuse();
  void Close(bool idle_only);

 private:
  using ErrorCode = boost::system::error_code;

  auto Bind(void (Connection::*method)(ErrorCode, size_t));

  void OnHandshake(ErrorCode error);

  void AwaitRequest();
  void OnFirstBytes(ErrorCode error, size_t bytes);
  void ReadHeader();
  void OnHeader(ErrorCode error, size_t bytes);
  absl::Status Check();
  void OnContinued(ErrorCode error, size_t bytes);
  void ReadBody();
  void OnBody(ErrorCode error, size_t bytes);
  void OnReadError(ErrorCode error);
  void RefuseRequest(int status, const absl::Status& why);

  void BeginRequest();
  void EndRequest(int status);

  void HandOver(const std::function<void(std::unique_ptr<Upgraded>)>& taker);
  void Send(Response response);
  void SetLength(const Response& response);
  void OnHeadSent(ErrorCode error, size_t bytes);
  void AskForPiece();
  void OnPiece(absl::StatusOr<std::string> piece);
  void OnPieceSent(ErrorCode error, size_t bytes);
  void WatchTaking();
  void OnTakingDue(ErrorCode error, uint64_t taken_before);
  void BreakOff();
  void OnSent(ErrorCode error, size_t bytes);
  void Linger();
  void OnLingered(ErrorCode error, size_t bytes);

  const std::shared_ptr<ServerCore> core_;
  Stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<boost::beast::http::string_body>> parser_;
  std::optional<boost::beast::http::response<boost::beast::http::string_body>> response_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::string_body>> serializer_;

  Request request_;
  std::string request_id_;
  std::string method_;
  std::string route_ = "none";
  absl::Time began_;
  size_t request_bytes_ = 0;
  size_t lingered_bytes_ = 0;

  // What of a streamed body is still to come, and what of it is on its way.
  StreamedBody streamed_;
  std::string chunk_header_;
  std::string piece_;
  boost::asio::steady_timer taking_due_;

  // Between a request's header and its answer's end.
  bool in_request_ = false;
  bool idle_ = false;
  bool head_ = false;
  // HTTP/1.0: knows no chunks.
  bool old_client_ = false;
  bool keep_alive_ = true;
  bool linger_ = false;
  bool handed_over_ = false;
};

}  // namespace tutti::gateway

#endif  // GATEWAY_HTTP_CONNECTION_H_
