package transport

import "fmt"

// partialSuccess reads an Export…ServiceResponse. What the receiver rejected is
// lost and must not be sent again; it does not say which ones it was.
func partialSuccess(body []byte, sent int) Outcome {
	var lost int64
	var message string
	err := protobufFields(body, func(field int, _ uint64, content []byte) {
		if field != 1 {
			return
		}
		_ = protobufFields(content, func(field int, varint uint64, content []byte) {
			switch field {
			case 1:
				lost = int64(varint)
			case 2:
				message = string(content)
			}
		})
	})
	if err != nil || lost <= 0 && message == "" {
		return Outcome{Result: Accepted} // the status counts; a body that is none says nothing
	}
	note := fmt.Sprintf("the receiver rejected %d of %d: %s", lost, sent, message)
	if lost >= int64(sent) {
		return Outcome{Result: Rejected, Note: note}
	}
	return Outcome{Result: Accepted, Note: note}
}

// statusMessage reads the message of a google.rpc.Status, which OTLP receivers
// put into answers that are no success.
func statusMessage(body []byte) string {
	message := ""
	err := protobufFields(body, func(field int, _ uint64, content []byte) {
		if field == 2 {
			message = string(content)
		}
	})
	if err != nil {
		return ""
	}
	return message
}
