// Package httpx is how authctl speaks HTTP safely: which servers are trusted and within which times, which origins a
// token may go to, how a path becomes a URL, and how the text of strangers is shown. It follows no redirect, decides
// no retry, keeps no state between requests, and puts a token on a request in one place only: [Bearer.Authorize].
package httpx
