"""A web page on the mock's own port that shows what came: `pages.Inspector` is its ASGI application."""
