"""What travels as files: frozen models that read, check and write them."""
