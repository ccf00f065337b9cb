// Try, in this folder: npx cli build all
variable "VERSION" {
  default     = "1.0.0"
  description = "What the images are tagged with"
  validation {
    condition     = can(regex("^\\d+\\.\\d+\\.\\d+$", VERSION))
    error_message = "VERSION must be like 1.2.3."
  }
}

function "tags" {
  params = [name]
  result = ["shop/${name}:${VERSION}", "shop/${name}:latest"]
}

group "default" {
  targets = ["site"]
}

// A parent: `all` leaves it out, as its name begins with "_".
target "_labels" {
  labels = { "org.opencontainers.image.version" = VERSION }
}

target "api" {
  inherits = ["_labels"]
  name     = "api-${flavour}"
  matrix   = { flavour = ["plain", "loud"] }
  context  = "api"
  args     = { GREETING = flavour == "loud" ? upper("hello") : "hello" }
  tags     = tags("api-${flavour}")
}

target "site" {
  inherits = ["_labels"]
  context  = "site"
  contexts = { api = "target:api-loud" }
  tags     = tags("site")
}
