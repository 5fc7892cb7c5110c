package transport

import "testing"

// FuzzProtobuf holds that no answer of a server makes the reader fail or run on.
func FuzzProtobuf(f *testing.F) {
	f.Add(appendBytes(nil, 1, appendVarint(nil, 1, 300)))
	f.Add(appendFixed32(appendDouble(nil, 4, 0.5), 16, 256))
	f.Fuzz(func(t *testing.T, data []byte) {
		total := 0
		_ = protobufFields(data, func(_ int, _ uint64, content []byte) { total += len(content) })
		if total > len(data) {
			t.Errorf("%d bytes came out of %d", total, len(data))
		}
		partialSuccess(data, 1)
		statusMessage(data)
	})
}
