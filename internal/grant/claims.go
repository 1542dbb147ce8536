package grant

import "encoding/json"

// MergeClaims joins two values of the claims parameter (OpenID Connect Core 5.5): those that a client always asks for,
// and those that an API's challenge asks for. Where both say a member, the client's own counts: it knows what it can do.
func MergeClaims(own, challenged string) string {
	if own == "" || challenged == "" {
		return own + challenged
	}
	return string(mergeClaims([]byte(own), []byte(challenged)))
}

func mergeClaims(own, challenged json.RawMessage) json.RawMessage {
	mine, err := parseObject(own)
	if err != nil {
		return own
	}
	merged, err := parseObject(challenged)
	if err != nil {
		return own
	}
	for name, value := range mine {
		if theirs, both := merged[name]; both {
			value = mergeClaims(value, theirs)
		}
		merged[name] = value
	}
	text, err := json.Marshal(merged) // in the order of the names: the same claims are the same bytes
	if err != nil {
		return own
	}
	return text
}
