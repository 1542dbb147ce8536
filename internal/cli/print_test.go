package cli

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestJSONHoldsNothingThatATerminalObeysAndMeansTheSame(t *testing.T) {
	const said = "a\x1b[31m\x7f\u009b31m\u202e\u200b\ufeff\U000e0041\u00e9\U0001f600\"\\\n\xff"
	line := inert(marshalLine(map[string]string{"title": said}))
	if strings.ContainsAny(string(line), "\x1b\x7f\u009b\u202e\u200b\ufeff\U000e0041") {
		t.Errorf("%q", line)
	}
	var got map[string]string
	if err := json.Unmarshal(line, &got); err != nil || got["title"] != strings.ToValidUTF8(said, "\ufffd") {
		t.Errorf("%q, %v", got, err)
	}
	if !strings.Contains(string(line), "\u00e9\U0001f600") {
		t.Errorf("letters were escaped as well: %s", line)
	}
}
