package main

// rssUnit is the unit of getrusage's peak.
const rssUnit = 1
