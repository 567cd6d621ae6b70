"""Figures as data: numbers, a title and a table. How they look is the business of `static/site/figures.js`."""
