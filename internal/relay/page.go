package relay

import (
	"net/http"
	"strings"
)

// preflight reports whether req is the question of a browser that comes before a page's own request (the Fetch
// standard's CORS protocol). Only pages of allowed origins get this far with one.
func (x *exchange) preflight(req *http.Request) bool {
	return x.page != "" && req.Method == http.MethodOptions && req.Header.Get("Access-Control-Request-Method") != ""
}

// answerPreflight allows what the page asks for: its origin was allowed by name. The API is not asked.
func (x *exchange) answerPreflight(w http.ResponseWriter, req *http.Request) {
	h := w.Header()
	x.admitPage(h)
	h.Set("Access-Control-Allow-Methods", req.Header.Get("Access-Control-Request-Method"))
	if names := req.Header.Get("Access-Control-Request-Headers"); names != "" {
		h.Set("Access-Control-Allow-Headers", names)
	}
	if req.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
}

// admitPage lets the page read the answer. What the API says of other origins is about its own address, not about this
// one. Cookies are not let in: the token is what identifies here.
func (x *exchange) admitPage(h http.Header) {
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			delete(h, name)
		}
	}
	if len(x.relay.gate.origins) > 0 {
		h.Add("Vary", "Origin")
	}
	if x.page != "" {
		h.Set("Access-Control-Allow-Origin", x.page)
		h.Set("Access-Control-Expose-Headers", "*")
	}
}
