// Draws the API's page from the document named in its element.
const element = document.getElementById("api");
window.SwaggerUIBundle({
  dom_id: "#api",
  url: element.dataset.document,
  deepLinking: true,
  validatorUrl: null,
});
