-- One row: a day with a Child in Care Review in a period of care, whichever extracts told of it.
CREATE TABLE timeline_reviews AS
WITH told AS (
    SELECT child_id, review_date, status, status_text, NULL AS meeting_id FROM snap.reviews
    UNION ALL
    SELECT child_id, meeting_date, status, status_text, meeting_id FROM snap.meetings WHERE meeting_type = 'review'
    UNION ALL
    SELECT child_id, latest_review, NULL, NULL, NULL FROM snap.cases WHERE latest_review IS NOT NULL
),
placed AS (
    SELECT p.child_id, p.care_started, t.review_date, t.meeting_id,
        state_of(t.review_date, t.status, t.status_text) AS state
    FROM told t
    JOIN periods p
      ON p.child_id = t.child_id
     AND t.review_date >= p.care_started
     AND (p.previous_ceased IS NULL OR t.review_date > p.previous_ceased)
     AND (p.care_ceased IS NULL OR t.review_date <= p.care_ceased)
)
-- Told twice and differently, the strongest wins: held, then booked, then no outcome recorded.
SELECT child_id, care_started, review_date, state, meeting_id
FROM placed
QUALIFY row_number() OVER (
    PARTITION BY child_id, care_started, review_date
    ORDER BY list_position(['held', 'booked', 'not_recorded', 'postponed', 'cancelled'], state), meeting_id NULLS LAST
) = 1;

-- One row: a review that was held, numbered within the period of care. Of every day from `opens` on, it is the earliest one.
CREATE TABLE held_reviews AS
SELECT child_id, care_started, review_date, meeting_id,
    row_number() OVER period AS n, coalesce(lag(review_date) OVER period + 1, DATE '0001-01-01') AS opens
FROM timeline_reviews WHERE state = 'held'
WINDOW period AS (PARTITION BY child_id, care_started ORDER BY review_date);

-- One row: how far a period of care's reviews are known. `none`: no review could have been seen. `latest`: the first ones are
-- unknown, because only "date of latest review" was loaded and it is too late to be the first one (even where it comes after the
-- as-at date or the end of the period: it says that there were reviews, not when), or because care began before the first episode in
-- the file, or because a yearly return has no reviews of the years before its first one (those years begin on 1 April). `unsure`: the
-- first one known may be the first or the second, so whether the next was due in 3 or in 6 months isn't known. `known_from`: the first
-- day from which all reviews are known, where some before it may not be in the extracts. `known_until`: the last day of the year of the newest
-- review of a yearly return: later ones aren't in it.
CREATE TABLE review_knowledge AS
WITH yearly_return AS (
    SELECT make_date(year(min(review_date)) - CASE WHEN month(min(review_date)) < 4 THEN 1 ELSE 0 END, 4, 1) AS begins,
        make_date(year(max(review_date)) + CASE WHEN month(max(review_date)) < 4 THEN 0 ELSE 1 END, 3, 31) AS ends
    FROM snap.reviews
),
known AS (
    SELECT p.child_id, p.care_started, p.start_unknown, p.has_latest_review, $first_review AS first_due, r.review_date,
        coalesce(r.review_date, l.newest) AS first_known, y.begins, y.ends,
        is_loaded('reviews') OR EXISTS (FROM snap.meetings WHERE meeting_type = 'review') AS listed
    FROM (SELECT *, care_started AS anchor FROM periods) p
    LEFT JOIN calendar ON calendar.day = p.anchor
    LEFT JOIN held_reviews r ON r.child_id = p.child_id AND r.care_started = p.care_started AND r.n = 1
    LEFT JOIN (SELECT child_id, max(latest_review) AS newest FROM snap.cases GROUP BY child_id) l ON l.child_id = p.child_id
    LEFT JOIN yearly_return y ON p.yearly
),
judged AS (
    SELECT *,
        CASE
            WHEN start_unknown OR first_due < begins THEN 'latest'
            WHEN listed THEN 'all'
            WHEN NOT has_latest_review THEN 'none'
            WHEN first_known > first_due THEN 'latest'
            ELSE 'all'
        END AS reviews_known
    FROM known
)
SELECT child_id, care_started, reviews_known, reviews_known = 'latest' AND NOT start_unknown AND coalesce(review_date <= $second_review, false) AS unsure,
    coalesce(begins, CASE WHEN reviews_known = 'latest' AND NOT listed THEN first_known END) AS known_from, ends AS known_until
FROM (SELECT *, first_due AS anchor FROM judged) j
LEFT JOIN calendar ON calendar.day = j.anchor;
