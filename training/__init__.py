"""Offline work with language models; of the web application it knows nothing but app.contract."""
