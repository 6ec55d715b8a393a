"""The steps of the config flow, one module a subject: listening, readers, pairing and discovery."""
