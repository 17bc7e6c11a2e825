;; The type of outlayer_http.c's imports, as the component linker wants it: what it uses of
;; wasi:http@0.2, in the text format for components.
(component
  (type (component
    (type (component
      (type (instance
        (export "error" (type (sub resource)))))
      (import "wasi:io/error@0.2.4" (instance $error (type 0)))
      (alias export $error "error" (type $io-error))

      (type $poll-type (instance
        (export "pollable" (type $pollable (sub resource)))
        (type $self (borrow $pollable))
        (export "[method]pollable.block" (func (param "self" $self)))))
      (import "wasi:io/poll@0.2.4" (instance $poll (type $poll-type)))
      (alias export $poll "pollable" (type $pollable))

      (type $streams-type (instance
        (alias outer 1 $io-error (type $io-error))
        (export "error" (type $error (eq $io-error)))
        (type $own-error (own $error))
        (type $error-variant (variant (case "last-operation-failed" $own-error) (case "closed")))
        (export "stream-error" (type $stream-error (eq $error-variant)))
        (export "input-stream" (type $input (sub resource)))
        (export "output-stream" (type $output (sub resource)))
        (type $in (borrow $input))
        (type $out (borrow $output))
        (type $read-result (result (list u8) (error $stream-error)))
        (type $write-result (result (error $stream-error)))
        (export "[method]input-stream.blocking-read"
          (func (param "self" $in) (param "len" u64) (result $read-result)))
        (export "[method]output-stream.blocking-write-and-flush"
          (func (param "self" $out) (param "contents" (list u8)) (result $write-result)))))
      (import "wasi:io/streams@0.2.4" (instance $streams (type $streams-type)))
      (alias export $streams "input-stream" (type $input-stream))
      (alias export $streams "output-stream" (type $output-stream))

      (type $http-type (instance
        (type $method-variant (variant (case "get") (case "head") (case "post") (case "put")
          (case "delete") (case "connect") (case "options") (case "trace") (case "patch")
          (case "other" string)))
        (export "method" (type $method (eq $method-variant)))
        (type $scheme-variant (variant (case "HTTP") (case "HTTPS") (case "other" string)))
        (export "scheme" (type $scheme (eq $scheme-variant)))
        (type $dns-record (record (field "rcode" (option string)) (field "info-code" (option u16))))
        (export "DNS-error-payload" (type $dns (eq $dns-record)))
        (type $tls-record
          (record (field "alert-id" (option u8)) (field "alert-message" (option string))))
        (export "TLS-alert-received-payload" (type $tls (eq $tls-record)))
        (type $size-record
          (record (field "field-name" (option string)) (field "field-size" (option u32))))
        (export "field-size-payload" (type $size (eq $size-record)))
        (type $size-option (option $size))
        (type $code-variant (variant
          (case "DNS-timeout") (case "DNS-error" $dns) (case "destination-not-found")
          (case "destination-unavailable") (case "destination-IP-prohibited")
          (case "destination-IP-unroutable") (case "connection-refused")
          (case "connection-terminated") (case "connection-timeout")
          (case "connection-read-timeout") (case "connection-write-timeout")
          (case "connection-limit-reached") (case "TLS-protocol-error")
          (case "TLS-certificate-error") (case "TLS-alert-received" $tls)
          (case "HTTP-request-denied") (case "HTTP-request-length-required")
          (case "HTTP-request-body-size" (option u64)) (case "HTTP-request-method-invalid")
          (case "HTTP-request-URI-invalid") (case "HTTP-request-URI-too-long")
          (case "HTTP-request-header-section-size" (option u32))
          (case "HTTP-request-header-size" $size-option)
          (case "HTTP-request-trailer-section-size" (option u32))
          (case "HTTP-request-trailer-size" $size) (case "HTTP-response-incomplete")
          (case "HTTP-response-header-section-size" (option u32))
          (case "HTTP-response-header-size" $size) (case "HTTP-response-body-size" (option u64))
          (case "HTTP-response-trailer-section-size" (option u32))
          (case "HTTP-response-trailer-size" $size)
          (case "HTTP-response-transfer-coding" (option string))
          (case "HTTP-response-content-coding" (option string)) (case "HTTP-response-timeout")
          (case "HTTP-upgrade-failed") (case "HTTP-protocol-error") (case "loop-detected")
          (case "configuration-error") (case "internal-error" (option string))))
        (export "error-code" (type $code (eq $code-variant)))
        (type $header-variant
          (variant (case "invalid-syntax") (case "forbidden") (case "immutable")))
        (export "header-error" (type $header-error (eq $header-variant)))
        (alias outer 1 $input-stream (type $outer-input))
        (export "input-stream" (type $input-stream (eq $outer-input)))
        (alias outer 1 $output-stream (type $outer-output))
        (export "output-stream" (type $output-stream (eq $outer-output)))
        (alias outer 1 $pollable (type $outer-pollable))
        (export "pollable" (type $pollable (eq $outer-pollable)))

        (export "fields" (type $fields (sub resource)))
        (type $own-fields (own $fields))
        (type $a-fields (borrow $fields))
        (export "[constructor]fields" (func (result $own-fields)))
        (export "[method]fields.append" (func (param "self" $a-fields) (param "name" string)
          (param "value" (list u8)) (result (result (error $header-error)))))

        (export "outgoing-body" (type $outgoing-body (sub resource)))
        (type $own-body (own $outgoing-body))
        (type $a-body (borrow $outgoing-body))
        (export "outgoing-request" (type $request (sub resource)))
        (type $own-request (own $request))
        (type $a-request (borrow $request))
        (export "[constructor]outgoing-request"
          (func (param "headers" $own-fields) (result $own-request)))
        (export "[method]outgoing-request.set-method"
          (func (param "self" $a-request) (param "method" $method) (result (result))))
        (export "[method]outgoing-request.set-scheme"
          (func (param "self" $a-request) (param "scheme" (option $scheme)) (result (result))))
        (export "[method]outgoing-request.set-authority"
          (func (param "self" $a-request) (param "authority" (option string)) (result (result))))
        (export "[method]outgoing-request.set-path-with-query" (func (param "self" $a-request)
          (param "path-with-query" (option string)) (result (result))))
        (export "[method]outgoing-request.body"
          (func (param "self" $a-request) (result (result $own-body))))
        (type $own-output (own $output-stream))
        (export "[method]outgoing-body.write"
          (func (param "self" $a-body) (result (result $own-output))))
        (type $trailers (option $own-fields))
        (export "[static]outgoing-body.finish" (func (param "this" $own-body)
          (param "trailers" $trailers) (result (result (error $code)))))

        (export "request-options" (type $options (sub resource)))
        (type $own-options (own $options))
        (type $an-options (borrow $options))
        (export "[constructor]request-options" (func (result $own-options)))
        (export "[method]request-options.set-connect-timeout"
          (func (param "self" $an-options) (param "duration" (option u64)) (result (result))))
        (export "[method]request-options.set-first-byte-timeout"
          (func (param "self" $an-options) (param "duration" (option u64)) (result (result))))
        (export "[method]request-options.set-between-bytes-timeout"
          (func (param "self" $an-options) (param "duration" (option u64)) (result (result))))

        (export "incoming-body" (type $incoming-body (sub resource)))
        (type $own-incoming-body (own $incoming-body))
        (type $an-incoming-body (borrow $incoming-body))
        (type $own-input (own $input-stream))
        (export "[method]incoming-body.stream"
          (func (param "self" $an-incoming-body) (result (result $own-input))))
        (export "incoming-response" (type $response (sub resource)))
        (type $own-response (own $response))
        (type $a-response (borrow $response))
        (export "[method]incoming-response.status"
          (func (param "self" $a-response) (result u16)))
        (export "[method]incoming-response.consume"
          (func (param "self" $a-response) (result (result $own-incoming-body))))
        (export "future-incoming-response" (type $future (sub resource)))
        (type $a-future (borrow $future))
        (type $own-pollable (own $pollable))
        (export "[method]future-incoming-response.subscribe"
          (func (param "self" $a-future) (result $own-pollable)))
        (type $arrived (result $own-response (error $code)))
        (type $once (result $arrived))
        (export "[method]future-incoming-response.get"
          (func (param "self" $a-future) (result (option $once))))))
      (import "wasi:http/types@0.2.4" (instance $http (type $http-type)))
      (alias export $http "outgoing-request" (type $outgoing-request))
      (alias export $http "request-options" (type $request-options))
      (alias export $http "future-incoming-response" (type $future-response))
      (alias export $http "error-code" (type $error-code))

      (type $handler-type (instance
        (alias outer 1 $outgoing-request (type $outer-request))
        (export "outgoing-request" (type $request (eq $outer-request)))
        (alias outer 1 $request-options (type $outer-options))
        (export "request-options" (type $options (eq $outer-options)))
        (alias outer 1 $future-response (type $outer-future))
        (export "future-incoming-response" (type $future (eq $outer-future)))
        (alias outer 1 $error-code (type $outer-code))
        (export "error-code" (type $code (eq $outer-code)))
        (type $own-request (own $request))
        (type $own-options (own $options))
        (type $maybe-options (option $own-options))
        (type $own-future (own $future))
        (type $handled (result $own-future (error $code)))
        (export "handle" (func (param "request" $own-request) (param "options" $maybe-options)
          (result $handled)))))
      (import "wasi:http/outgoing-handler@0.2.4" (instance (type $handler-type)))))
    (export "outlayer:sdk/http" (component (type 0)))))
  (export "http" (type 0))
  (@custom "wit-component-encoding" "\04\00"))
